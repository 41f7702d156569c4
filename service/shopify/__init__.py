"""How to speak to Shopify: credentials, one call, budget, pages, bulk. Knows no resource and no table."""
