"""Django's settings: what a page or a migration needs, everything else comes from `environment`."""

import base64

from gongji.platform.database import django_database
from gongji.platform.environment import environment

_given = environment()
SECRET_KEY = base64.b64encode(_given.secret_key).decode()
DEBUG = False
ALLOWED_HOSTS = [*_given.allowed_hosts, _given.host]
ROOT_URLCONF = "gongji.service.urls"
WSGI_APPLICATION = None
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "gongji.registry",
    "gongji.ledger",
    "gongji.settlement",
    "gongji.gateway",
    "gongji.service.jobs",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "ninja",
    "gongji.portal",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "gongji.portal.static_files.StaticFilesMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "gongji.portal.headers.PolicyMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {"default": django_database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "tasks"
LOGGING_CONFIG = None

# The pages for the insured and the public interface.
GONGJI_DEMO = _given.demo
GONGJI_API_RATE = _given.api_rate
NINJA_NUM_PROXIES = _given.proxies
GONGJI_IDENTITY_KEY = _given.identity_key
GONGJI_LOOKUP_KEY = _given.lookup_key
GONGJI_OIDC_CLAIM = _given.oidc_claim
LOGIN_URL = "portal:sign-in"
LOGIN_REDIRECT_URL = "portal:me"
SESSION_COOKIE_AGE = 1800
SESSION_SAVE_EVERY_REQUEST = True
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "gongji.portal.sign_in.CodeBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_ONLY = True
SOCIALACCOUNT_ADAPTER = "gongji.portal.sign_in.IssuerAdapter"
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "issuer",
                "name": "OpenID Connect",
                "client_id": _given.oidc_client,
                "secret": _given.oidc_secret,
                "settings": {"server_url": _given.oidc_server},
            }
        ]
        if _given.oidc_server
        else [],
    }
}
