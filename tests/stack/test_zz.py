from tests.world import World
def test_x(world: World):
    world.sql("CREATE TABLE things (id INT PRIMARY KEY, at DATETIME NOT NULL)")
    t = world.define("things", cursor="at")
    for var in ({"S3_BUCKET_NAME":"missing"},{"AWS_ENDPOINT_URL_S3":"http://127.0.0.1:1"},{"AWS_SECRET_ACCESS_KEY":"wrong"}):
        out = world.luigi("DailyLoad","--table",t,"--date","2025-08-01",check=None, **var)
        print(var, out.returncode); print(out.stdout.split("=====")[0])
