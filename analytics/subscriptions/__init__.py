"""Reports and dashboards by e-mail: who gets what and when, what is due, what a mail says, and how it ends."""
