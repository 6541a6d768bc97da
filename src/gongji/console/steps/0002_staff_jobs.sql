-- What the policy page has simulated is a job of staff like any other (review, 0004).
drop function ask_policy_run;
