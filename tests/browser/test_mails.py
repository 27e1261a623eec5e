"""The mails that the app sent, on the page."""
