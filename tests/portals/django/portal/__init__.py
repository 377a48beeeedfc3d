"""A customer portal made of Django's and django-otp's own views and forms."""
