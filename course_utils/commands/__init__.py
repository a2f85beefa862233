"""What `python -m course_utils` can be asked for.

command_line  which commands there are, and with which Python each runs; standard library only,
              because it runs before the environment is made
reproduce     which experiments there are; standard library only, too
train, refresh, export      those that are more than a call; their options are in
              course_utils/options.py
"""
