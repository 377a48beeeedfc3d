"""Settings of the test portal: Django's defaults wherever they can stay."""
import os
import secrets

STATE = os.environ["PORTAL_STATE"]      # a folder that serve.py makes and removes

SECRET_KEY = secrets.token_hex(32)
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "portal.urls"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
STATIC_URL = "/static/"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_otp",
    "django_otp.plugins.otp_email",
    "django_otp.plugins.otp_totp",
    "portal",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]

DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": os.path.join(STATE, "portal.sqlite3"),
    "OPTIONS": {"timeout": 20},
}}

LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/meters/"
OTP_LOGIN_URL = "/accounts/verify/"

EMAIL_BACKEND = "portal.mail.AnnouncingBackend"
EMAIL_FILE_PATH = os.path.join(STATE, "mail")
DEFAULT_FROM_EMAIL = "no-reply@portal.test"
OTP_EMAIL_SUBJECT = "Your sign-in code"

LOGGING = {"version": 1, "disable_existing_loggers": False,
           "loggers": {"django": {"level": "ERROR"}}}
