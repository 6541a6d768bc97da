"""A figure that the visit needs and that is not there."""

FIGURES: dict[str, str] = {
    "level_missing": "计算所需的医疗机构级别缺失；请提供 {field}",
    "parameter_missing": "缺少参数 {parameter}：{reason}；可用 --set {parameter}=… 给出{also}",
}
