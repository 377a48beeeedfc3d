-- Cells of a table, by pattern, then a miss.
-- expect: policy.budget
-- within: 400 ms
-- says: steps
return string.find(string.rep("<td>1</td><td>2</td>", 5000), "<td>(.-)</td>.-<td>(.-)</td>X")
