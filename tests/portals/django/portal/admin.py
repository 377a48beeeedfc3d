"""The same list as Django's own administration site shows it, with django-otp's own sign-in."""
from django.contrib import admin
from django_otp.admin import OTPAdminSite

from .models import Meter

site = OTPAdminSite()


@admin.register(Meter, site=site)
class MeterAdmin(admin.ModelAdmin):
    list_display = ["serial", "account", "service", "rate", "street", "city", "state", "postcode", "closed"]
    list_per_page = 4

    def get_queryset(self, request):
        return super().get_queryset(request).filter(owner=request.user)
