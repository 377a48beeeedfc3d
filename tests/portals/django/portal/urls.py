"""Where things are."""
from django.contrib.auth import views as auth
from django.urls import path
from django.views.generic import RedirectView
from django_otp.views import LoginView as VerifyView

from . import admin, views

urlpatterns = [
    path("", RedirectView.as_view(url="/meters/")),
    path("accounts/login/", auth.LoginView.as_view(), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("accounts/verify/", VerifyView.as_view(template_name="otp/verify.html"), name="verify"),
    path("account/", views.Account.as_view(), name="account"),
    path("meters/", views.MeterList.as_view(), name="meters"),
    path("admin/", admin.site.urls),
]
