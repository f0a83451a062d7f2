"""One module for each family of fields; every lens keeps the laws of `syncd.model.lens`."""
