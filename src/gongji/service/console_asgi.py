"""The agency's console for an ASGI server."""

from django.core.asgi import get_asgi_application

from gongji.service.health import with_health
from gongji.service.page_metrics import PageMetrics
from gongji.service.settings import CONSOLE, set_up_django

set_up_django(CONSOLE)
metrics = PageMetrics(CONSOLE)
application = with_health(metrics.counted(get_asgi_application()))
