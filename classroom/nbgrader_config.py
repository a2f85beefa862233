"""nbgrader for everybody on the server: copy this file to /etc/jupyter/.

A teacher's course folder has an nbgrader_config.py of its own, which adds what only teachers need.
"""

c = get_config()  # noqa: F821  (nbgrader provides it)

c.CourseDirectory.course_id = "attention-optional"

# Made once, by root: mkdir -p /srv/nbgrader/exchange && chmod 1777 /srv/nbgrader/exchange
# Everybody may enter and write (nbgrader refuses to work otherwise); the 1 keeps people from
# removing what others put there. nbgrader itself makes the folders inside: `inbound` can be written
# and not listed, so that no student finds another's submission.
c.Exchange.root = "/srv/nbgrader/exchange"
