"""Wrong answers are called wrong by the right name, right ones pass, whatever their manner."""

from __future__ import annotations

import pytest

from chainrule.teaching.grade import grade
from teaching_answers import RIGHT, WRONG
