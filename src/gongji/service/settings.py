"""Django's settings, made when a process needs Django: importing this module opens nothing.

Everything that is not the same on every machine comes from `environment`.
"""

import base64
from typing import Any

from gongji.platform.database import django_database
from gongji.platform.environment import Environment, environment

ALIKE: dict[str, Any] = {
    "DEBUG": False,
    "ROOT_URLCONF": "gongji.service.urls",
    "WSGI_APPLICATION": None,
    "INSTALLED_APPS": [
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.messages",
        "django.contrib.staticfiles",
        "django.contrib.postgres",
        "procrastinate.contrib.django",
        "gongji.platform",
        "gongji.review",
        "gongji.agency",
        "gongji.people",
        "gongji.institutions",
        "gongji.catalogue",
        "gongji.ledger",
        "gongji.settlement",
        "gongji.payment",
        "gongji.supervision",
        "gongji.gateway",
        "gongji.service",
        "gongji.service.jobs",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.openid_connect",
        "ninja",
        "gongji.portal",
    ],
    "MIDDLEWARE": [
        "gongji.portal.headers.PolicyMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "gongji.portal.headers.TransportMiddleware",
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
        "gongji.portal.headers.SessionLifeMiddleware",
    ],
    "TEMPLATES": [
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
    ],
    "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
    "LANGUAGE_CODE": "zh-hans",
    "LANGUAGES": [("zh-hans", "简体中文"), ("en", "English")],
    "TIME_ZONE": "Asia/Shanghai",
    "USE_TZ": True,
    "STATIC_URL": "/static/",
    "WHITENOISE_USE_FINDERS": True,
    "PROCRASTINATE_AUTODISCOVER_MODULE_NAME": "tasks",
    "LOGGING_CONFIG": None,
    "LOGIN_URL": "portal:sign-in",
    "LOGIN_REDIRECT_URL": "portal:me",
    "SESSION_COOKIE_AGE": 1800,
    "SESSION_SAVE_EVERY_REQUEST": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "CSRF_COOKIE_HTTPONLY": True,
    # Whoever comes over TLS, as a named proxy says, is to come so for a year.
    "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
    "SECURE_HSTS_SECONDS": 365 * 24 * 3600,
    "AUTHENTICATION_BACKENDS": [
        "django.contrib.auth.backends.ModelBackend",
        "gongji.portal.sign_in.CodeBackend",
        "allauth.account.auth_backends.AuthenticationBackend",
    ],
    "ACCOUNT_EMAIL_VERIFICATION": "none",
    "SOCIALACCOUNT_ONLY": True,
    "SOCIALACCOUNT_ADAPTER": "gongji.portal.sign_in.IssuerAdapter",
}
"""What is the same on every machine."""


def own_settings(given: Environment) -> dict[str, Any]:
    """What this installation's environment says of Django's settings."""
    issuer = {
        "provider_id": "issuer",
        "name": "OpenID Connect",
        "client_id": given.oidc_client,
        "secret": given.oidc_secret,
        "settings": {"server_url": given.oidc_server},
    }
    return {
        "SECRET_KEY": base64.b64encode(given.secret_key).decode(),
        "ALLOWED_HOSTS": [*given.allowed_hosts, given.host],
        "GONGJI_DEMO": given.demo,
        "GONGJI_API_RATE": given.api_rate,
        "NINJA_NUM_PROXIES": given.proxies,
        "GONGJI_PROXY_ADDRESSES": given.proxy_addresses,
        "GONGJI_IDENTITY_KEY": given.identity_key,
        "GONGJI_LOOKUP_KEY": given.lookup_key,
        "GONGJI_FORMER_KEYS": given.former_keys,
        "GONGJI_OIDC_CLAIM": given.oidc_claim,
        "SOCIALACCOUNT_PROVIDERS": {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [issuer] if given.oidc_server else [],
            }
        },
    }


def set_up_django() -> None:
    """Make Django ready in this process, once; starts the embedded database where none is given.

    Refuses: what `environment` and `owner_dsn` refuse.
    """
    import django
    from django.conf import settings

    if not settings.configured:
        databases = {"default": django_database()}
        settings.configure(**ALIKE, **own_settings(environment()), DATABASES=databases)
        django.setup()
