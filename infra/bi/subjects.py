"""Whose numbers: what reps are added up to, in SQL."""

from enum import StrEnum


class Subject(StrEnum):
    """Whose numbers: what reps are added up to."""

    REP = "REP"
    TEAM = "TEAM"
    REGION = "REGION"
    COMPANY = "COMPANY"


def subject_id(subject: Subject) -> str:
    """Return SQL for whom a fact is added up to; `membership` names the others."""
    if subject is Subject.COMPANY:
        return "'company'"
    return "facts.rep_id" if subject is Subject.REP else "member.subject_id"


def membership(subject: Subject, first: str = "facts.day", behind: str = "facts.day + 1") -> str:
    """Return SQL that joins facts with whoever their rep belonged to on all of their days."""
    if subject in (Subject.REP, Subject.COMPANY):
        return ""
    return (
        "INNER JOIN (SELECT subject_id, rep_id, valid_from, valid_to FROM spm.membership FINAL "
        "WHERE sequence = (SELECT max(sequence) FROM spm.membership "
        "WHERE subject_kind = 'COMPANY' AND rep_id = 'unassigned') "
        f"AND subject_kind = '{subject}') AS member ON member.rep_id = facts.rep_id "
        f"AND {first} >= member.valid_from AND {behind} <= member.valid_to"
    )
