"""Tables of a report: whatever stands in a cell is text; words are told from numbers."""

from gongji.simulation.html_tables import html_table


def test_what_stands_in_a_cell_is_text_and_columns_of_words_are_marked() -> None:
    made = html_table(["甲 & 乙", "元"], [["<b>某院</b>", "1.00"]], [True, False])
    assert made == (
        "<table><tr><th>甲 &amp; 乙</th><th>元</th></tr>"
        '<tr><td class="text">&lt;b&gt;某院&lt;/b&gt;</td><td>1.00</td></tr></table>'
    )
    assert html_table(["元"], [["1.00"]]).count("class") == 0
