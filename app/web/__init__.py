"""Listens: deliveries, reports and pages arrive here."""
