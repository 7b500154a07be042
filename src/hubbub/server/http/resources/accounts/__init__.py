"""Accounts and whoever has one: ways in, sessions, people, and what each chooses for themselves."""
