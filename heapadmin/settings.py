"""All settings, read from the environment; django-environ adds what stands in `.env`.

`.env.example` lists every name that is read here; `tests/test_conventions.py` keeps the two equal.
"""

import tomllib
from pathlib import Path

import environ

from heapadmin import deployment, log_lines
from heapadmin.given_settings import addresses, database, mail, proxies, sign_on
from heapadmin.given_settings.reader import SettingsReader

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
GIVEN_ENVIRONMENT = dict(environ.Env.ENVIRON)  # without `.env`: who is started later reads that anew
environ.Env.read_env(BASE_DIR / ".env")
env = SettingsReader(environ.Env.ENVIRON)

# --- Where it runs -----------------------------------------------------------------------------------------------
PRODUCTION = env.switch("PRODUCTION", default=False)
DEBUG = env.switch("DEBUG", default=False)
DATA_DIR = Path(env.text("DATA_DIR", default=str(BASE_DIR / "var"))).resolve()
HOST = addresses.listening_host(env.text("HOST", default="127.0.0.1"))
PORT = env.number("PORT", default=8000, least=1, most=65_535)
SITE_URL = addresses.origin("SITE_URL", env.text("SITE_URL", default=f"http://{addresses.to_open(HOST)}:{PORT}"))
ALLOWED_HOSTS = addresses.allowed_hosts(env.items("ALLOWED_HOSTS"), host=HOST, site_url=SITE_URL)
SECRET_KEY = env.text("SECRET_KEY") or deployment.generated_secret(DATA_DIR / "secret_key", PRODUCTION)
SECRET_KEY_FALLBACKS = env.items("SECRET_KEY_FALLBACKS")  # former keys, while their sessions and links live
WEB_WORKERS = env.number("WEB_WORKERS", default=2, least=1, most=1_000)
# accepted from one environment; 0: no limit
EVENTS_PER_SECOND = env.number("EVENTS_PER_SECOND", default=20_000, least=0, most=1_000_000_000)
# of a person or customer, as JSON; what is more is left out
PERSON_PROPERTIES = env.number("PERSON_PROPERTIES", default=1_000, least=1, most=1_000_000)
PERSON_BYTES = env.number("PERSON_BYTES", default=65_536, least=1, most=100_000_000)
BACKUP_BEFORE_UPGRADE = env.switch("BACKUP_BEFORE_UPGRADE", default=True)  # into DATA_DIR/backups
BACKUP_DIR = env.folder("BACKUP_DIR")  # for a backup every day; None: none is made
BACKUP_AT = env.time_of_day("BACKUP_AT", default="02:37")
BACKUPS_KEPT = env.number("BACKUPS_KEPT", default=7, least=1, most=1_000)
WAL_ARCHIVE_DIR = env.folder("WAL_ARCHIVE_DIR")  # to go back to any moment; the private database only
EVENTS_MONTHS = env.number("EVENTS_MONTHS", default=0, least=0, most=120)  # for which events are kept; 0: for ever
# a question that takes so long is in the log
SLOW_QUESTION_SECONDS = env.number("SLOW_QUESTION_SECONDS", default=5, least=0, most=3_600)
# of everybody together; the others wait for their turn
QUESTIONS_AT_ONCE = env.number("QUESTIONS_AT_ONCE", default=6, least=1, most=1_000)
READ_REQUESTS_PER_MINUTE = env.number(
    "READ_REQUESTS_PER_MINUTE", default=120, least=1, most=10_000
)  # with one API token
TRUSTED_PROXIES = proxies.trusted(env.text("TRUSTED_PROXIES"))
CSRF_TRUSTED_ORIGINS = [SITE_URL]
METRICS_TOKEN = env.text("METRICS_TOKEN")  # with it Prometheus may read /metrics; empty: nobody may
STATUS_CHECK_URL = env.text("STATUS_CHECK_URL")  # what the status page's checks request; empty: SITE_URL
if STATUS_CHECK_URL:
    STATUS_CHECK_URL = addresses.origin("STATUS_CHECK_URL", STATUS_CHECK_URL)
deployment.refuse_unsafe(
    production=PRODUCTION, debug=DEBUG, secret_key=SECRET_KEY, hosts=ALLOWED_HOSTS, site_url=SITE_URL
)

INSTALLED_APPS = [
    "heapadmin",
    "support",
    "analytics",
    "collector",
    "events",
    "ipfilter",
    "projects",
    "accounts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "procrastinate.contrib.django",
    "django_htmx",
    "csp",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "django.contrib.postgres",
]

MIDDLEWARE = [
    "heapadmin.health.HealthMiddleware",
    "heapadmin.numbered_requests.RequestNoteMiddleware",
    "heapadmin.client_address.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "support.status.middleware.StatusMiddleware",
    "accounts.sessions.SessionMiddleware",
    "accounts.private_pages.PrivatePagesMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sso.session.SsoSessionMiddleware",
    "accounts.sign_in.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.sso.kept_factor.KeptFactorMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.current_request.CurrentRequestMiddleware",
    "accounts.known_browsers.KnownBrowserMiddleware",
    "accounts.refusal_pages.WrongMethodMiddleware",
    "accounts.refusal_pages.ClosedAccountMiddleware",
    "accounts.last_seen.LastSeenMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

ROOT_URLCONF = "heapadmin.urls"
WSGI_APPLICATION = "heapadmin.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["common.counted"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.signed_in",
                "projects.context.switcher",
                "heapadmin.navigation.navigation",
            ],
        },
    },
]

# --- Database: DATABASE_URL, or else the private server under DATA_DIR ----------------------------------------------
DATABASE_URL = env.text("DATABASE_URL")
DATABASE_DIRECT_URL = env.text("DATABASE_DIRECT_URL")  # past the pooler to which DATABASE_URL leads
DATABASE_REPLICA_URL = env.text("DATABASE_REPLICA_URL")  # answers questions, if it is given
PRIVATE_DATABASE = not DATABASE_URL
database.refuse_direct_url_alone(DATABASE_URL, DATABASE_DIRECT_URL)
database.refuse_archive_of_others(DATABASE_URL, WAL_ARCHIVE_DIR)
database.refuse_replica_url_alone(DATABASE_URL, DATABASE_REPLICA_URL)
DATABASE_URL = DATABASE_URL or deployment.private_database_url(DATA_DIR)
DATABASES = {
    "default": (database.direct(DATABASE_DIRECT_URL) if DATABASE_DIRECT_URL else database.database(DATABASE_URL))
    | {"ATOMIC_REQUESTS": False, "CONN_HEALTH_CHECKS": True, "CONN_MAX_AGE": 60}
}
POOLED_DATABASE = database.database(DATABASE_URL) if DATABASE_DIRECT_URL else None  # of pages (common/database.py)
if DATABASE_REPLICA_URL:
    DATABASES["replica"] = database.replica(DATABASE_REPLICA_URL) | {
        "CONN_HEALTH_CHECKS": True,
        "CONN_MAX_AGE": 60,
        "TEST": {"MIRROR": "default"},
    }
# a replica that is further behind answers no questions
REPLICA_LAG_SECONDS = env.number("REPLICA_LAG_SECONDS", default=30, least=1, most=86_400)
environ.Env.ENVIRON |= database.SESSION
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Mail -----------------------------------------------------------------------------------------------------------
EMAIL_URL = env.text("EMAIL_URL")  # empty: mail is written to DATA_DIR/mail
MAIL_FILES_BACKEND = "heapadmin.mail_files.PrivateMailFiles"  # common.mails tells by it whether mail is set up
if EMAIL_URL:
    vars().update(mail.mail_server(EMAIL_URL))
else:
    EMAIL_BACKEND = MAIL_FILES_BACKEND
    EMAIL_FILE_PATH = DATA_DIR / "mail"
DEFAULT_FROM_EMAIL = mail.sender(
    "DEFAULT_FROM_EMAIL", env.text("DEFAULT_FROM_EMAIL", default=mail.default_sender(SITE_URL))
)
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 20  # seconds; a mail server that hangs must not hold the worker
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_ON_APP_READY = "heapadmin.job_watch.watch"
SUPPORT_EMAIL = env.text("SUPPORT_EMAIL")  # where Talk to Us is mailed to; empty: the staff's inbox only
if SUPPORT_EMAIL:
    mail.sender("SUPPORT_EMAIL", SUPPORT_EMAIL)

# --- People and their sessions --------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "projects:home"
ENVIRONMENT_LANDING = "analytics:dashboard"  # the page that opens first in an environment
SIGNUP_OPEN = env.switch("SIGNUP_OPEN", default=True)
# names of webhooks' hosts in one's own network; http:// only on this machine
WEBHOOK_INTERNAL_HOSTS = env.items("WEBHOOK_INTERNAL_HOSTS")
DOCS_URL = addresses.page("DOCS_URL", env.text("DOCS_URL"))
SESSION_DAYS = env.number("SESSION_DAYS", default=30, least=1, most=3_650)  # until a new sign-in, used or not
# names of identity providers in one's own network; http:// only on this machine
SSO_INTERNAL_HOSTS = [host.lower() for host in env.items("SSO_INTERNAL_HOSTS")]
# the provider of the whole installation (accounts/sso/installation.py)
SSO_ISSUER = sign_on.issuer(env.text("SSO_ISSUER"), SSO_INTERNAL_HOSTS)
SSO_CLIENT_ID = env.text("SSO_CLIENT_ID")
SSO_CLIENT_SECRET = env.text("SSO_CLIENT_SECRET")
SSO_NAME = env.text("SSO_NAME")  # empty: the issuer's host
SSO_DOMAINS = sign_on.domains(env.items("SSO_DOMAINS"))  # whose invited people join by it
sign_on.refuse_half_set({name: globals()[name] for name in (*sign_on.NEEDED, "SSO_NAME", "SSO_DOMAINS")})
INVITATION_DAYS = env.number("INVITATION_DAYS", default=7, least=1, most=3_650)
# per account, resending included
INVITATIONS_PER_HOUR = env.number("INVITATIONS_PER_HOUR", default=400, least=0, most=1_000_000)
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "login": "accounts.forms.SignInForm",
    "reset_password": "accounts.forms.ForgottenPasswordForm",
    "signup": "projects.signup.SignupForm",
}
# With mail, people confirm their address before they get in, and sign-up answers the same for a known address (the
# rest is said by mail). Without mail, a new login works at once, so sign-up cannot hide that an address is known.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if EMAIL_URL else "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # only in the browser that signed up
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False  # the current session stays; all others end
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {  # allauth's own of other names stay as they are; accounts/sign_in_pauses.py is about passwords
    # beginnings and answers, two for each sign-in: an office of 500 behind one address comes in within four minutes
    "sso": "300/m/ip,3000/h/ip",
    "sso_browser": "20/m/key",  # the same of one browser
    "sso_saml": "300/m/ip",  # answers that are posted
    "sso_setup": "30/m/user",  # requests of settings to providers and name servers
    "api_key": "30/m/ip",  # failures (collector/views/public_api.py)
    "labelling": "120/m/key",  # requests of the script on a site with one token (analytics/labelling/door.py)
    "label_open": "60/m/ip",  # tickets and wrong tokens that are tried there
    "read_api": f"{READ_REQUESTS_PER_MINUTE}/m/key",  # requests with one API token (projects/api_tokens/door.py)
    "scim": "30/m/ip",  # failures (accounts/scim/endpoint.py)
    "login": "",  # it would hold up known browsers too; "sign_in" takes its place
    "sign_in": "30/m/ip",  # from browsers that are not known (accounts/adapter.py)
}
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.split(":", 1)[0]
MFA_ADAPTER = "accounts.adapter.MfaAdapter"
MFA_FORMS = {"activate_totp": "accounts.forms.AddAppForm", "add_webauthn": "accounts.forms.AddKeyForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = not EMAIL_URL
MFA_TOTP_ISSUER = "Heapadmin"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SITE_URL.startswith("http://")  # browsers allow it for localhost only
USERSESSIONS_ADAPTER = "accounts.adapter.SessionsAdapter"
USERSESSIONS_TRACK_ACTIVITY = False  # accounts.last_seen does this, once a minute

# Attempts are counted for all workers together, in a database table (accounts, migration 0005), because allauth's rate
# limits use the default cache. Only requests without a signed-in user use it: posted forms and access tokens.
CACHES = {
    "default": {
        "BACKEND": "common.cache.DatabaseOrMemoryCache",
        "LOCATION": "cache_entries",
        "OPTIONS": {"MAX_ENTRIES": 200_000},  # more than an attacker could fill to push counters out
    }
}

# --- Language, time, static files -----------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "heapadmin.formats"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Safety of pages ------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
HTTPS = SITE_URL.startswith("https://")
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# About what no setting of ours changes: names beside ours are not ours to bind to https, and the proxy redirects to it.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W008", "security.W021"]
if HTTPS and TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Log --------------------------------------------------------------------------------------------------------------
LOG_LEVEL = env.text("LOG_LEVEL", default="WARNING").upper()
LOG_FORMAT = env.text("LOG_FORMAT", default="text").lower()
ACCESS_LOG = env.switch("ACCESS_LOG", default=False)
LOGGING = log_lines.configuration(LOG_LEVEL, LOG_FORMAT)
