"""Pages behind the second factor: Django's generic views, told what to show."""
from django.contrib.auth.mixins import LoginRequiredMixin
from django.utils.decorators import method_decorator
from django.views.generic import ListView, TemplateView
from django_otp.decorators import otp_required

from .models import Meter


@method_decorator(otp_required, name="dispatch")
class MeterList(ListView):
    paginate_by = 4

    def get_queryset(self):
        return Meter.objects.filter(owner=self.request.user)


@method_decorator(otp_required, name="dispatch")
class Account(LoginRequiredMixin, TemplateView):
    template_name = "portal/account.html"
