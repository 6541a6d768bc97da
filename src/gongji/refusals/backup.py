"""Backup and restore."""

BACKUP: dict[str, str] = {
    "backup_not_allowed": "数据库角色 {value} 没有复制权限（replication），不能做物理备份；"
    "请由管理员授予，或用 --dump 只导出数据库",
    "backup_missing": "{value} 中没有完整的备份；请检查目录，或先用 gongji backup 备份",
    "backup_not_reaching": "备份到不了 {value}；现有备份可恢复到：{allowed}",
    "server_running": "数据目录 {value} 上的数据库还在运行，不能覆盖；请先停止 gongji serve",
    "database_not_empty": "数据库 {value} 里已经有表，不能装入备份；请指向一个新建的空数据库",
    "backup_key_unreadable": "{value} 不是 X25519 {which}（PEM）；可用 openssl genpkey -algorithm X25519 生成",
    "backup_key_missing": "{value} 是加密的备份；请用 --key 给出私钥文件",
    "backup_key_wrong": "私钥与备份不符；备份是加密给公钥 {value} 的，请用与它成对的私钥",
    "backup_damaged": "加密的备份不完整或被改动，不能恢复；请改用另一份备份",
}
