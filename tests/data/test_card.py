from tests import made


def test_feature_names_count_rows_and_columns_as_scikit_learn_does() -> None:
    card = made.source().card
    assert card.pixels == made.HEIGHT * made.WIDTH == len(card.feature_names)
    assert card.feature_names[:2] == ("pixel_0_0", "pixel_0_1")
    assert card.feature_names[-1] == "pixel_2_4"
