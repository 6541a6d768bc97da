"""Django's pages for an ASGI server."""

from django.core.asgi import get_asgi_application

from gongji.service.settings import PAGES, set_up_django

set_up_django(PAGES)
application = get_asgi_application()
