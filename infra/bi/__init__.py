"""Views for BI whose text follows from the definitions: KPIs compiled to SQL."""
