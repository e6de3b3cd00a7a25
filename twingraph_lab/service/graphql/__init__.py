"""Queries and subscriptions over the same Lab as the REST routes; only imported by the service."""
