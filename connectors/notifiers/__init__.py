"""Ways to tell staff something outside the product."""
