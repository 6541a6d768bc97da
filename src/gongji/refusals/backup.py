"""Backup and restore."""

BACKUP: dict[str, str] = {
    "backup_not_allowed": "数据库角色 {value} 没有复制权限（replication），不能做物理备份；"
    "请由管理员授予，或用 --dump 只导出数据库",
    "backup_missing": "{value} 中没有完整的备份；请检查目录，或先用 gongji backup 备份",
    "backup_not_reaching": "备份到不了 {value}；现有备份可恢复到：{allowed}",
    "server_running": "数据目录 {value} 上的数据库还在运行，不能覆盖；请先停止 gongji serve",
    "database_not_empty": "数据库 {value} 里已经有表，不能装入备份；请指向一个新建的空数据库",
}
