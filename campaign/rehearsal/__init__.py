"""A campaign in virtual time: the real runner and the real rules against synthetic people. Nobody is called.

One seed decides everything: how long each request and each flush takes, what goes wrong, who answers.
"""
