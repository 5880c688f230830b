"""What stands in a policy file beside consent: roles, the organisation's rules, calendars."""
