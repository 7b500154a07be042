"""The engine: commits, delivers and lets clients read on. It knows no verb and no socket."""
