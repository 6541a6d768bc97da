"""The agency's console for an ASGI server."""

from django.core.asgi import get_asgi_application

from gongji.service.health import with_health
from gongji.service.settings import CONSOLE, set_up_django

set_up_django(CONSOLE)
application = with_health(get_asgi_application())
