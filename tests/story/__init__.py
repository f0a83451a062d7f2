"""The three-tool story; its acts assert like tests do, so pytest explains them like tests."""

import pytest

pytest.register_assert_rewrite("tests.story.acts", "tests.story.office", "tests.story.stage")
