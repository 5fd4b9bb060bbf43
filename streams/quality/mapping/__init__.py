"""Named label spaces that a person changes: what becomes of classes, of tasks and their answers, and of late ones.

Which classes there are lives in `schemas.label_spaces`; how votes are added up does not belong here.
"""
