"""What comes in and whom it may concern: facts of deliveries, filters, the catalogue."""
