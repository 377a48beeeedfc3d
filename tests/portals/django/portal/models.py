"""What a customer sees: meters, each at an address."""
from django.conf import settings
from django.db import models


class Meter(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    account = models.CharField("account number", max_length=20)
    serial = models.CharField("meter number", max_length=20)
    service = models.CharField(max_length=10, choices=[("E", "Electricity"), ("G", "Gas")])
    rate = models.CharField("rate plan", max_length=20)
    street = models.CharField(max_length=80)
    city = models.CharField(max_length=40)
    state = models.CharField(max_length=2)
    postcode = models.CharField(max_length=10)
    closed = models.BooleanField(default=False)

    class Meta:
        ordering = ["account", "serial"]

    def __str__(self):
        return self.serial
