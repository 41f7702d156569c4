"""What we want from Shopify: one module and one `.graphql` a resource."""
