-- The threads that an account follows are found among the newest ones, if there are many.

CREATE INDEX thread_at_thread ON thread (at, thread);
