"""Commands beside those in `messages`, and their answers, by what they are about."""
