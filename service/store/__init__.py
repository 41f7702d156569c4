"""All that writes SQL: tables, views for BI, landing, facts, results, leases."""
