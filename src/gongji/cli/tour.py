"""The tour that `make run` shows: visits of the five areas settled and explained by article."""

import shlex

import click

from gongji.cli.main import cli

VISITS = [
    (
        "邵阳：一年四次就诊，起付标准累计至300元",
        [
            "--area 430500 --date 2022-12-01 --status active --level 1 --in-scope 100",
            "--area 430500 --date 2022-12-05 --status active --level 3 --in-scope 400"
            " --used level_deductible.2=200 --used year_deductible=200 --used ordinary_paid=130",
        ],
    ),
    (
        "楚雄：退休人员在三级医院；一次就诊越过6000元限额（住院数字由使用者给出）",
        [
            "--area 532300 --date 2023-03-01 --status retired --level 3 --in-scope 1000",
            "--area 532300 --date 2023-11-01 --status active --level 3 --in-scope 2090"
            " --used ordinary_paid=5500 --set inpatient_rate=85% --set inpatient_ceiling=80000",
        ],
    ),
    (
        "双江（临沧）：2024年11月起按云南新办法，超限额部分按临沧住院比例",
        [
            "--area 530925 --date 2024-12-02 --status retired --level 2 --in-scope 3000"
            " --used ordinary_paid=5200",
        ],
    ),
    (
        "攀枝花：药店购药；没有个人账户的不享受",
        [
            "--area 510400 --date 2023-05-10 --status active --in-scope 250"
            " --fact institution_kind=pharmacy --fact prescriber_level=2"
            " --used year_deductible=150",
            "--area 510400 --date 2023-05-10 --status active --level 3 --in-scope 1000"
            " --fact has_account=false",
        ],
    ),
    (
        "云浮：限额随上上年度平均工资（数字由使用者给出）；未选定机构不予支付",
        [
            "--area 445300 --date 2024-05-01 --status retired --level 2 --in-scope 500"
            " --set average_wage.2022=96957",
            "--area 445300 --date 2024-05-01 --status active --level 3 --in-scope 500"
            " --fact selected=false",
        ],
    ),
]

NEXT = """接下来可以试：
  gongji areas                                  有哪些统筹区、覆盖哪些日期
  gongji areas --at 2024-12-01 --area 532300    某日有效的全部数字及出处
  gongji diff 532300@2024-10-31 532300@2024-11-01   改革前后逐项对照
  gongji articles 445300                        文件逐条的处置
  gongji curve --area 430500 -o curve.svg       支付曲线图
  gongji adjudicate visits.csv -o result.csv    批量结算一个文件（列见 docs/use/visits-file.md）
  gongji check                                  检查并证明全部规则
（以上命令在 .venv/bin 下，或先 source .venv/bin/activate）"""


def main() -> None:
    """Show each visit: its command, then the explanation."""
    for title, commands in VISITS:
        click.secho(f"\n━━ {title}", fg="cyan", bold=True)
        for arguments in commands:
            click.secho(f"\n$ gongji quote {arguments}", fg="yellow")
            cli.main(["quote", *shlex.split(arguments)], standalone_mode=False)
    click.echo("\n" + NEXT)


if __name__ == "__main__":
    main()
