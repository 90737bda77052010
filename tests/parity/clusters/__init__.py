"""Random clusters: a world of plain nodes and Pods, and families that each bend it towards what one plugin looks at."""
