"""Tables: ABParts' shared ones (schema `public`) and ours (schema `escalation`)."""
