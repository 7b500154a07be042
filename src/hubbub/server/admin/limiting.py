"""How much files take and may take, from the server's own machine, whether or not a server is running. Acts as the operator."""

import json
import sys

import msgspec

from hubbub.domain.aspects.files import LimitFiles
from hubbub.server.admin.managing import Office, in_office
from hubbub.server.config import Settings
from hubbub.server.files.quotas import AllFiles, FilesOf, Quotas


def show(settings: Settings, *, as_json: bool) -> None:
    """Print the limits, and whose files take most. Raises CannotManage."""

    async def read(office: Office) -> AllFiles:
        return await Quotas(office.store, settings.file_limits).use()

    used, limits, people = in_office(settings, read)
    if as_json:
        print(json.dumps({"used": used} | msgspec.structs.asdict(limits)))
    else:
        print(f"All files: {_of(used, limits.server)}")
        print(f"Each file: at most {limits.file:,} bytes")
    for each in people:
        if as_json:
            row = each.account
            print(json.dumps({"account": row.account, "handle": row.handle} | _numbers(each)))
        else:
            own = ", individual limit" if each.is_own_limit else ""
            print(f"@{each.account.handle}: {_of(each.used, each.limit)}{own}")


def limit(settings: Settings, what: str, who: str | None, size: int | None) -> None:
    """Set how many bytes files may take: `what` is one of `LIMITED`, or it is about an account. Raises CannotManage."""

    async def act(office: Office) -> None:
        whose = what if who is None else (await office.account(who)).account
        await office.do(LimitFiles(whose=whose, size=size))

    in_office(settings, act)
    print("Limit saved. No files were deleted", file=sys.stderr)


def _numbers(each: FilesOf) -> dict[str, int | bool]:
    return {"used": each.used, "limit": each.limit, "is_own_limit": each.is_own_limit}


def _of(used: int, limit: int) -> str:
    return f"{used:,} of {limit:,} bytes" if limit else f"{used:,} bytes"
