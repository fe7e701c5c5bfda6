"""The things that are compared. Each is a `Peer`; `catalogue` knows them by name."""
