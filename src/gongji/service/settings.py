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
        "gongji.api",
        "gongji.portal",
    ],
    "MIDDLEWARE": [
        "gongji.portal.headers.PolicyMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "gongji.portal.headers.TransportMiddleware",
        "gongji.portal.passed_links.PassedLinksMiddleware",
        "gongji.api.cors.PublicReadsMiddleware",
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
    # Papers that are handed in are never written to a disk in clear.
    "FILE_UPLOAD_HANDLERS": ["django.core.files.uploadhandler.MemoryFileUploadHandler"],
    "FILE_UPLOAD_MAX_MEMORY_SIZE": 12 * 1024 * 1024,
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


CONSOLE_APPS = ["gongji.console", "allauth.mfa", "axes", "django_htmx"]
"""What the console has besides: its own templates come before those of others."""
PAGES, CONSOLE, ALL = "pages", "console", "all"
"""The faces that Django serves; the tables are built, and tests run, with what both have."""

OF_CONSOLE: dict[str, Any] = ALIKE | {
    "ROOT_URLCONF": "gongji.console.urls",
    "MIDDLEWARE": [
        "gongji.portal.headers.PolicyMiddleware",
        "django.middleware.security.SecurityMiddleware",
        "gongji.portal.headers.TransportMiddleware",
        "gongji.portal.static_files.StaticFilesMiddleware",
        "django.middleware.gzip.GZipMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "django_htmx.middleware.HtmxMiddleware",
        "allauth.account.middleware.AccountMiddleware",
        "gongji.portal.headers.SessionLifeMiddleware",
        "gongji.console.staff_sign_in.AllowedPagesMiddleware",
        "axes.middleware.AxesMiddleware",
    ],
    "LOGIN_URL": "account_login",
    "LOGIN_REDIRECT_URL": "console:work",
    "SESSION_ENGINE": "gongji.console.staff_sessions",
    "SESSION_COOKIE_NAME": "gongji_console",
    "SESSION_COOKIE_PATH": "/console/",
    "CSRF_COOKIE_NAME": "gongji_console_csrf",
    "CSRF_COOKIE_PATH": "/console/",
    "CSRF_FAILURE_VIEW": "gongji.console.at_work.out_of_date",
    "STATIC_URL": "/console/static/",
    # Papers do not touch the disk in clear on their way to be encrypted.
    "AUTHENTICATION_BACKENDS": [
        "axes.backends.AxesStandaloneBackend",
        "allauth.account.auth_backends.AuthenticationBackend",
    ],
    "AUTH_PASSWORD_VALIDATORS": [
        {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
        {
            "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
            "OPTIONS": {"min_length": 12},
        },
        {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
        {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    ],
    "ACCOUNT_ADAPTER": "gongji.console.staff_sign_in.StaffAdapter",
    "ACCOUNT_LOGIN_METHODS": {"username"},
    "ACCOUNT_SIGNUP_FIELDS": ["username*", "password1*"],
    "ACCOUNT_SESSION_REMEMBER": False,
    "ACCOUNT_LOGOUT_REDIRECT_URL": "account_login",
    "ACCOUNT_RATE_LIMITS": {"login_failed": "30/m/ip"},
    "ACCOUNT_EMAIL_NOTIFICATIONS": False,
    "SOCIALACCOUNT_ONLY": False,
    "SOCIALACCOUNT_ADAPTER": "gongji.console.staff_sign_in.StaffIssuerAdapter",
    "MFA_ADAPTER": "gongji.console.staff_sign_in.SecondFactorAdapter",
    "MFA_SUPPORTED_TYPES": ["totp", "webauthn", "recovery_codes"],
    "MFA_WEBAUTHN_USER_VERIFICATION": "required",
    "MFA_TOTP_TOLERANCE": 1,
    # Cookies are secure, and plain requests sent on, by what a named proxy says of each request;
    # the key has 256 bits; an account is locked whoever tries it, from wherever.
    "SILENCED_SYSTEM_CHECKS": [
        *(f"security.W{number:03}" for number in (5, 8, 9, 12, 16, 21)),
        "axes.W006",
    ],
    "AXES_ENABLED": True,
    "AXES_FAILURE_LIMIT": 5,
    "AXES_COOLOFF_TIME": 0.25,
    "AXES_LOCKOUT_PARAMETERS": ["username"],
    "AXES_USERNAME_CALLABLE": "gongji.console.staff_sign_in.account_tried",
    "AXES_RESET_ON_SUCCESS": True,
    "AXES_LOCKOUT_TEMPLATE": "console/locked.html",
    "AXES_DISABLE_ACCESS_LOG": True,
    "AXES_VERBOSE": False,
}
"""What is the console's on every machine: sessions, cookies and accounts of its own."""


def face_settings(face: str) -> dict[str, Any]:
    """What is the same on every machine for a face."""
    if face == PAGES:
        return ALIKE
    theirs = ALIKE["INSTALLED_APPS"]
    if face == CONSOLE:
        return OF_CONSOLE | {"INSTALLED_APPS": [*CONSOLE_APPS, *theirs]}
    return ALIKE | {"AXES_ENABLED": False, "INSTALLED_APPS": [*theirs, *CONSOLE_APPS]}


def own_settings(given: Environment, face: str = ALL) -> dict[str, Any]:
    """What this installation's environment says of Django's settings."""
    staff = "staff_" if face == CONSOLE else ""
    server = given.values[f"{staff}oidc_server"]
    issuer = {
        "provider_id": "issuer",
        "name": "OpenID Connect",
        "client_id": given.values[f"{staff}oidc_client"],
        "secret": given.values[f"{staff}oidc_secret"],
        "settings": {"server_url": server},
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
        "GONGJI_OIDC_CLAIM": given.values[f"{staff}oidc_claim"],
        "SOCIALACCOUNT_PROVIDERS": {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [issuer] if server else [],
            }
        },
    }


def set_up_django(face: str = ALL) -> None:
    """Make Django ready in this process, once; starts the embedded database where none is given.

    `face` is what it serves; whoever builds the tables has what both faces have.
    Refuses: what `environment` and `owner_dsn` refuse.
    """
    import django
    from django.conf import settings

    if not settings.configured:
        databases = {"default": django_database()}
        alike = face_settings(face)
        settings.configure(**alike, **own_settings(environment(), face), DATABASES=databases)
        django.setup()
