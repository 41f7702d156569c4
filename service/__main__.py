"""`python -m service` is the same as `okrsync`."""

from service.cli import main

main()
