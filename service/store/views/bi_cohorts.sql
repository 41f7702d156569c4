-- a month in which customers placed their first order, and what those customers did so many months later; every age up to the newest month of data has a row

with recursive reach as materialized (
    select shop_id, newest_month, whole_month
    from months_read
),
lives as materialized (
    select shop_id, customer_id, month_number as cohort_number, month_start as cohort_month
    from order_months
    where nth = 1
),
entries as (
    select
        shop_id, customer_id, month_number, 1 as orders,
        case when prev_month_number = month_number then 0 else 1 end as active_customers, placed_minor as net_sales_minor
    from order_months
    union all
    select
        order_months.shop_id, order_months.customer_id, order_months.month_number, 0, 0,
        case when order_sales.is_placing then 0 else order_sales.gross_sales_minor - order_sales.discounts_minor end - order_sales.sales_reversals_minor
    from order_sales
    cross join order_months
    where order_months.shop_id = order_sales.shop_id
        and order_months.order_id = order_sales.order_id
        and (not order_sales.is_placing or order_sales.sales_reversals_minor <> 0)
),
activity as materialized (
    select
        lives.shop_id, lives.cohort_number, lives.cohort_month, entries.month_number - lives.cohort_number as age_months,
        sum(entries.active_customers) as active_customers, sum(entries.orders) as orders, sum(entries.net_sales_minor) as net_sales_minor
    from entries
    cross join lives
    where lives.shop_id = entries.shop_id and lives.customer_id = entries.customer_id
    group by lives.shop_id, lives.cohort_number, lives.cohort_month, entries.month_number - lives.cohort_number
),
ages as (
    select shop_id, cohort_number, cohort_month, active_customers as customers, 0 as age_months
    from activity
    where age_months = 0
    union all
    select ages.shop_id, ages.cohort_number, ages.cohort_month, ages.customers, ages.age_months + 1
    from ages
    join reach on reach.shop_id = ages.shop_id
    where ages.cohort_number + ages.age_months < reach.newest_month
)
select
    shop_money.shop as shop,  -- the permanent myshopify.com name
    ages.cohort_month as cohort_month,  -- first day of the month of the first orders
    ages.age_months as age_months,  -- calendar months since then, 0 for the month itself
    ages.customers as customers,  -- who placed their first order in the cohort's month, the same at every age
    coalesce(activity.active_customers, 0) as active_customers,  -- of these, those who placed an order in the month of this age
    coalesce(activity.orders, 0) as orders,  -- that they placed in it
    shop_money.currency as currency,  -- of all amounts in this row
    round(coalesce(activity.net_sales_minor, 0) / shop_money.minor_per_unit, shop_money.decimals) as net_sales,  -- gross sales minus discounts minus reversals of the orders placed in it, with everything known now of these orders
    round(sum(coalesce(activity.net_sales_minor, 0)) over lifetime / shop_money.minor_per_unit, shop_money.decimals) as cumulative_net_sales,  -- the same of all their orders up to this age
    coalesce(ages.cohort_number + ages.age_months <= reach.whole_month, false) as is_complete  -- is the month of this age over, and were all its orders and all before them read? reversals of its orders may still come
from ages
join reach on reach.shop_id = ages.shop_id
join shop_money on shop_money.shop_id = ages.shop_id
left join activity
    on activity.shop_id = ages.shop_id
    and activity.cohort_number = ages.cohort_number
    and activity.age_months = ages.age_months
window lifetime as (partition by ages.shop_id, ages.cohort_number order by ages.age_months)
