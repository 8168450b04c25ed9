from app.engines.analyse.shipped_data import shipped_data


def test_it_is_read_once_in_a_process():
    assert shipped_data() is shipped_data()


def test_its_lexicon_has_the_names_of_the_betting_houses(lexicon):
    shipped = shipped_data()
    added = {term.pattern for term in shipped.lexicon.terms} - {term.pattern for term in lexicon.terms}
    assert added
    assert added <= {term.pattern for term in shipped.gambling_brands.terms(shipped.normaliser)}
