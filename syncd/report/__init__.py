"""What people are shown: values, plans, differences and explanations, computed purely, as text and as JSON."""
