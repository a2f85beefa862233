"""What `python -m course_utils` can be asked for.

command_line  which commands there are, and with which Python each runs; standard library only,
              because it runs before the environment is made
train, reproduce, refresh   those that are more than a call
"""
