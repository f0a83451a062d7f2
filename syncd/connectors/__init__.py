"""One folder per PM tool. A connector moves records without understanding them."""
