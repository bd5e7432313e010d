"""HubSpot. A folder, for three things that change apart: signature, records, searches."""
